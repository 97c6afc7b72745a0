FROM scratch AS goodstagename
FROM scratch
