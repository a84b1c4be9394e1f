#!/usr/bin/python3
"""The model providers as their clients know them: one TLS server for every name and address, in the wire formats of
Anthropic (messages), OpenAI (responses) and Google (generateContent).

    providers.py CERTIFICATE KEY LOG

Answers a prompt with "The lab answers.", at once or, if the prompt holds "slowly N M", in N pieces M seconds apart. Each
request is a line of LOG: "HOST METHOD PATH". What no provider's client asks for is answered with an empty object.
"""
import http.server
import json
import re
import socket
import ssl
import sys
import threading
import time

ANSWER = "The lab answers."
CERTIFICATE, KEY, LOG = sys.argv[1:4]
log_lock = threading.Lock()


def log(line):
    with log_lock, open(LOG, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def pieces_of(body):
    """The answer in pieces, and the pause before each."""
    wanted = re.search(r"slowly (\d+) ([\d.]+)", body)
    if not wanted:
        return [(ANSWER, 0.0)]
    count, pause = int(wanted.group(1)), float(wanted.group(2))
    return [(f"piece {i}. ", pause) for i in range(count)] + [(ANSWER, 0.0)]


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def host(self):
        return (self.headers.get("Host") or "").split(":")[0].lower()

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body.decode("utf-8", "replace")
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")

    def reply(self, value, status=200):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def event(self, value, name=None):
        text = (f"event: {name}\n" if name else "") + f"data: {json.dumps(value)}\n\n"
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def end_stream(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def do_GET(self):
        log(f"{self.host()} GET {self.path}")
        if self.headers.get("Upgrade"):
            # As a server without WebSockets: the client goes on over HTTP.
            return self.reply({"error": {"message": "no WebSocket here"}}, 426)
        path = self.path.split("?")[0]
        if path.endswith("/models"):
            return self.reply({"object": "list", "data": [], "models": []})
        self.reply({})

    def do_HEAD(self):
        log(f"{self.host()} HEAD {self.path}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_PUT(self):
        self.do_POST()

    def do_POST(self):
        body = self.body()
        log(f"{self.host()} POST {self.path}")
        path = self.path.split("?")[0]
        if path.endswith("/v1/messages"):
            return self.anthropic(body)
        if path.endswith("/v1/responses"):
            return self.openai(body)
        if "streamGenerateContent" in path or path.endswith(":generateContent"):
            return self.google(path, body)
        if path.endswith(":countTokens") or path.endswith("/count_tokens"):
            return self.reply({"totalTokens": 7, "input_tokens": 7})
        self.reply({})

    def anthropic(self, body):
        model = json.loads(body).get("model", "lab")
        message = {"id": "msg_lab", "type": "message", "role": "assistant", "model": model, "content": [],
                   "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
        if not json.loads(body).get("stream"):
            message.update(content=[{"type": "text", "text": ANSWER}], stop_reason="end_turn")
            return self.reply(message)
        self.begin_stream()
        self.event({"type": "message_start", "message": message}, "message_start")
        self.event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                   "content_block_start")
        for text, pause in pieces_of(body):
            time.sleep(pause)
            self.event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
                       "content_block_delta")
        self.event({"type": "content_block_stop", "index": 0}, "content_block_stop")
        self.event({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                    "usage": {"output_tokens": 5}}, "message_delta")
        self.event({"type": "message_stop"}, "message_stop")
        self.end_stream()

    def openai(self, body):
        item = {"type": "message", "id": "item_lab", "role": "assistant", "status": "in_progress", "content": []}
        self.begin_stream()
        self.event({"type": "response.created", "response": {"id": "resp_lab"}}, "response.created")
        self.event({"type": "response.output_item.added", "output_index": 0, "item": item},
                   "response.output_item.added")
        whole = ""
        for text, pause in pieces_of(body):
            time.sleep(pause)
            whole += text
            self.event({"type": "response.output_text.delta", "item_id": "item_lab", "output_index": 0,
                        "content_index": 0, "delta": text}, "response.output_text.delta")
        done = dict(item, status="completed", content=[{"type": "output_text", "text": whole, "annotations": []}])
        self.event({"type": "response.output_item.done", "output_index": 0, "item": done}, "response.output_item.done")
        usage = {"input_tokens": 7, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5,
                 "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 12}
        self.event({"type": "response.completed", "response": {"id": "resp_lab", "usage": usage, "output": [done]}},
                   "response.completed")
        self.end_stream()

    def google(self, path, body):
        def chunk(text, end):
            candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
            if end:
                candidate["finishReason"] = "STOP"
            return {"candidates": [candidate], "modelVersion": "lab",
                    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12}}
        if not "streamGenerateContent" in path:
            return self.reply(chunk(ANSWER, True))
        self.begin_stream()
        pieces = pieces_of(body)
        for i, (text, pause) in enumerate(pieces):
            time.sleep(pause)
            self.event(chunk(text, i + 1 == len(pieces)))
        self.end_stream()


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def finish_request(self, request, client_address):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(CERTIFICATE, KEY)
        tls.set_alpn_protocols(["http/1.1"])
        try:
            with tls.wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, client_address)
        except (OSError, ValueError):
            pass  # the client has gone

    def handle_error(self, request, client_address):
        pass


Server(("::", 443), Provider).serve_forever()
