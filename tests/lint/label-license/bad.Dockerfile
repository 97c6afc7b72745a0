FROM scratch
LABEL license="MIT OR Apache-2.0"
LABEL license=mit
LABEL license=MyOwnLicense
