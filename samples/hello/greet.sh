#!/bin/sh
# Shows the greeting and where it is shown: a container has its own host name and process ids.
cat "$GREETING"
echo "from $(hostname), process $$"
