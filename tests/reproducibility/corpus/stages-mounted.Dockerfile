# stratum: stages
FROM busybox AS tools
RUN mkdir /tools && printf '#!/bin/sh\necho "tool $1"\n' > /tools/tool && chmod +x /tools/tool
FROM busybox
RUN --mount=type=bind,from=tools,source=/tools,target=/tools /tools/tool one > /one && ls -l /tools > /listing
