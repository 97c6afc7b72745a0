FROM scratch
MAINTAINER someone
FROM scratch
MAINTAINER someone else
