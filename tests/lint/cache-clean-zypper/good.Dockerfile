FROM opensuse/leap
RUN zypper -n install curl && zypper cc
RUN --mount=type=cache,target=/var/cache zypper -n install curl
