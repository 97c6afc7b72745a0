"""What the rules about executed commands share: scripts of RUN, package managers, mounts, changes of scripts."""
