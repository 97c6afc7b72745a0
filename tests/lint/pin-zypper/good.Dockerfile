FROM opensuse/leap
RUN zypper -n install "curl>=8.6" 'git<3' jq=1.6 ./a.rpm && zypper remove vim
