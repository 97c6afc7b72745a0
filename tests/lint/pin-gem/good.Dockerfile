FROM ruby
RUN gem install nokogiri:1.16.5 -- --use-system-libraries && gem install -N bundler
RUN gem install --version '~> 2.5' bundler && gem update && bundle install
