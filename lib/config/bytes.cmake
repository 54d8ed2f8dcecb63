# bytes_of(FILE OUT): the bytes of a file as C writes them in an array, sixteen a line: "0x2e,0x0a,".
function(bytes_of file out)
        file(READ "${file}" hex HEX)
        string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
        set(${out} "${bytes}" PARENT_SCOPE)
endfunction()
