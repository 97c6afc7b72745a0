FROM opensuse/leap
RUN zypper -n dup && zypper \
    dist-upgrade
