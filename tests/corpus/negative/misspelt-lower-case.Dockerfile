from scratch
fntrypoint ["x"]
