# Print C source with comments blanked and the insides of string and character literals emptied, line for line, so that
# a check that looks for a word finds only code. Every output line is "FILE:LINE:text".
#
# One small machine over the characters; it knows just enough C for the files of this project (no trigraphs, no raw
# strings, no line continued inside a string).

FNR == 1 { comment = 0 }

{
        out = ""
        n = length($0)
        for (i = 1; i <= n; i++) {
                c = substr($0, i, 1)
                pair = substr($0, i, 2)
                if (comment) {
                        if (pair == "*/") {
                                comment = 0
                                i++
                        }
                        continue
                }
                if (pair == "//")
                        break
                if (pair == "/*") {
                        comment = 1
                        out = out " "
                        i++
                        continue
                }
                out = out c
                if (c == "\"" || c == "'") {
                        for (i++; i <= n && substr($0, i, 1) != c; i++) {
                                if (substr($0, i, 1) == "\\")
                                        i++
                        }
                        out = out c
                }
        }
        print FILENAME ":" FNR ":" out
}
