#!/bin/sh
# Runs a server for as long as whoever started it lives: its end closes our standard input, however
# it comes. Usage: run.sh FOLDER COMMAND...
# The word "stop" on standard input ends the server and keeps the folder; the end of input alone ends
# it and removes the folder.
folder=$1
shift
# A session of its own, so that one signal reaches the children, too.
setsid "$@" </dev/null >"$folder/out.log" 2>&1 &
server=$!
echo "$server" >"$folder/server.pid"
word=
read -r word
kill -CONT -- "-$server" 2>/dev/null
kill -TERM "$server" 2>/dev/null
(
	sleep 5
	kill -KILL -- "-$server" 2>/dev/null
) &
patience=$!
wait "$server" 2>/dev/null
kill "$patience" 2>/dev/null
kill -KILL -- "-$server" 2>/dev/null
[ "$word" = stop ] || rm -rf "$folder"
