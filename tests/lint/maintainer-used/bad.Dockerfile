FROM busybox:1.36
MAINTAINER Team <team@example.org>
