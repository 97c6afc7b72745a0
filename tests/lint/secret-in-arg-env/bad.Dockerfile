FROM scratch
ARG SECRET_PASSPHRASE
ENV super_duper_secret_token=1 PUBLIC_KEY=2 auth=3
ARG git_key=1 apikey
