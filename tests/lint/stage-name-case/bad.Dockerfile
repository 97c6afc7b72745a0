FROM scratch AS BadStageName
FROM scratch AS good
FROM scratch AS Worse
