"""Judges YAML files by a JSON schema, as an editor would: judge.py SCHEMA FILE... prints "valid FILE" or "invalid FILE"."""
import json
import re
import sys

import jsonschema
import yaml


class Core(yaml.SafeLoader):
    """The core schema of YAML 1.2: no times, no yes and no, no octal numbers."""
    yaml_implicit_resolvers = {}


Core.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|)$"), ["~", "n", ""])
Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))


def verdict(validator, path):
    try:
        with open(path, "rb") as file:
            document = yaml.load(file.read(), Core)
        return "valid" if validator.is_valid(document) else "invalid"
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return "invalid"


def main(schema_path, *paths):
    with open(schema_path) as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for path in paths:
        print(verdict(validator, path), path)


main(*sys.argv[1:])
