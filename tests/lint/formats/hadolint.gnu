hadolint:a.Dockerfile:1: DL3006 warning: the image has no <tag> & no "digest"
hadolint:a.Dockerfile:2: DL4000 error: an author is a label
hadolint:a.Dockerfile:3: DL3003 warning: the folder is left behind
hadolint:a.Dockerfile:3: SC2086 info: words may split
hadolint:a.Dockerfile:4: DL3048 style: this is no key: 100 %
hadolint:bad.Dockerfile:2:1: unexpected 'F' expecting '#', '\', ADD, ARG, CMD, COPY, ENTRYPOINT, ENV, EXPOSE, FROM, HEALTHCHECK, LABEL, MAINTAINER, ONBUILD, RUN, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR, a pragma, at least one space, or end of input 
