# bash completion for egressctl

# The names of the presets.
_egressctl_presets() {
  local file
  for file in "${EGRESSD_RULES_DIR:-/usr/share/egressd/rules}"/*.yaml; do
    [[ -e $file ]] && basename "$file" .yaml
  done
}

# What is typed of a preset's name after "preset:"; the shell takes a colon for a word of its own or not.
_egressctl_preset_prefix() {
  local -r last=$COMP_CWORD
  if [[ ${COMP_WORDS[last]} == preset:* ]]; then
    echo "${COMP_WORDS[last]#preset:}"
  elif [[ ${COMP_WORDS[last]} == : && ${COMP_WORDS[last - 1]} == preset ]]; then
    echo
  elif [[ ${COMP_WORDS[last - 1]} == : && ${COMP_WORDS[last - 2]} == preset ]]; then
    echo "${COMP_WORDS[last]}"
  else
    return 1
  fi
}

_egressctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="allow apply check confirm deny diff dns doctor list open panic presets reload resume status verify version why"
  local common="--help --json --socket"
  local command="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $commands " in *" $word "*) command=$word && break ;; esac
  done

  case $previous in
    --rules-dir | --socket | --ca | --outside | --junit | --html | --netns | --egressd | --policy)
      mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    --for) mapfile -t COMPREPLY < <(compgen -W "15m 1h 8h 1d" -- "$current") && return ;;
    --confirm) mapfile -t COMPREPLY < <(compgen -W "30s 2m 10m" -- "$current") && return ;;
    --agent-user) mapfile -t COMPREPLY < <(compgen -u -- "$current") && return ;;
    --timeout | --reason | --latest) COMPREPLY=() && return ;;
  esac

  local words name prefix=""
  case $command in
    "") words="$commands $common --version" ;;
    allow) words="$common --for --optional --private --metadata --wide --srv --except --reason --dry-run" ;;
    apply) words="$common --confirm --policy" ;;
    confirm) words="$common --policy" ;;
    deny) words="$common --dry-run" ;;
    open | panic) words="$common --yes --for" ;;
    dns) words="$common --latest" ;;
    doctor) words="$common --agent-user" ;;
    verify) words="$common --list --only --skip --outside --as --netns --container --unit --junit --html --watch --ca --timeout" ;;
    check) words="$common --egressd" ;;
    presets) words="$common --rules-dir --check $(_egressctl_presets)" ;;
    *) words=$common ;;
  esac
  # A target's transport, behind which the host is typed.
  if [[ $command == @(allow|deny|why) && $current != -* ]]; then
    words+=" tcp/ udp/ icmp/ esp/ gre/ ipip/"
    compopt -o nospace 2>/dev/null
  fi
  if [[ $command == allow ]] && name=$(_egressctl_preset_prefix); then
    current=$name words=$(_egressctl_presets)
    [[ ${COMP_WORDS[COMP_CWORD]} == preset:* ]] && prefix=preset:
  fi
  mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$current")
  if [[ $command == @(apply|check) && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _egressctl egressctl
