#!/bin/sh
locale | head -n 1
date -d @0 +%H:%M
id -un
