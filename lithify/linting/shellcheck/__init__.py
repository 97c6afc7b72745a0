"""What ShellCheck says of the scripts in Dockerfiles: many scripts in few runs, remembered between them."""
