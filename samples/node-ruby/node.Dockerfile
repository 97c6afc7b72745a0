# Node.js over Debian, the base of ruby.Dockerfile beside it; needs `lithify bootstrap debian`.
# Build: lithify build -t debian-nodejs -f samples/node-ruby/node.Dockerfile samples/node-ruby

FROM debian
RUN apt-get update && apt-get install -qqy nodejs
CMD ["node", "--version"]
