# Ruby over an image built here before; FROM finds it in the store.
# Build: lithify build -t debian-node-ruby -f samples/node-ruby/ruby.Dockerfile samples/node-ruby
# Run: lithify run debian-node-ruby

FROM debian-nodejs:latest
RUN apt-get install -qqy ruby
CMD ["sh", "-c", "node --version && ruby --version"]
