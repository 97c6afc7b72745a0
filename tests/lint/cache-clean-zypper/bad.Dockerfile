FROM opensuse/leap
RUN zypper clean && zypper -n in \
    curl
