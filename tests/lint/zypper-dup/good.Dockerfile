FROM opensuse/leap
RUN zypper -n patch
