FROM ruby
RUN gem install bundler:2.5 rails
RUN gem i --no-document \
    nokogiri -- --use-system-libraries
