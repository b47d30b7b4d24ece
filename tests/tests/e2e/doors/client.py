"""A small MCP client: starts `torch mcp`, greets it, lists its tools, makes the calls given as JSON in the first argument
([[name, arguments], ...]), closes its input, and prints all results as one line of JSON."""
import json
import subprocess
import sys

server = subprocess.Popen(["torch", "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
number = 0


def tell(message):
    server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    server.stdin.flush()


def ask(method, params):
    global number
    number += 1
    tell({"id": number, "method": method, "params": params})
    for line in server.stdout:
        answer = json.loads(line)
        if answer.get("id") == number:
            return answer.get("result") or {"error": answer["error"]}
    sys.exit("the server closed its output")


greeting = ask(
    "initialize",
    {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
)
tell({"method": "notifications/initialized"})
tools = ask("tools/list", {})
results = [ask("tools/call", {"name": name, "arguments": given}) for name, given in json.loads(sys.argv[1])]
server.stdin.close()
rest = server.stdout.read()
print(json.dumps({"greeting": greeting, "tools": tools, "results": results, "rest": rest, "code": server.wait()}))
