console.log(require("left-pad")("pad", 6, "-"));
