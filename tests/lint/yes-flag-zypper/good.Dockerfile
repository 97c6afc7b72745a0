FROM opensuse/leap
RUN zypper -n in curl && zypper install -y jq && zypper --non-interactive rm vim && zypper refresh
