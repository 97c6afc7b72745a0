FROM opensuse/leap
RUN zypper install curl \
 && zypper rm vim
RUN zypper patch
