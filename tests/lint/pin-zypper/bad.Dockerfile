FROM opensuse/leap
RUN zypper -n in --repo main curl && zypper clean
