FROM foreign
FROM --platform=$BUILDPLATFORM foreign AS again
