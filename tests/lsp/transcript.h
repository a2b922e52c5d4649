// Plays a conversation, written down in a file, against a real Session. One step a line:
//
//     # text               a comment; blank lines separate
//     --> {...}            the client sends this message
//     ->> bytes            the client sends these bytes; \r and \n stand for themselves
//     <-- {...}            the next message from the server has at least these members; a string
//                          "*x*" matches any that contains x, and "!x" is a member that is not
//                          there
//     === model ready      the model is loaded; === model failed SENTENCE: it cannot be
//     === index 40 text    the workspace is read so far; === index ready text
//     === asked {...}      the newest request that the model got: offset, automatic, candidates,
//     ...
//     === answer {...}     the model answers its oldest open request: "text" at the cursor, or in
//                          place of [begin, end); {} is no suggestion, {"error": CODE} a failure,
//                          {"refused": REASON} when it must not read the document
//     === listing {...}    the newest list of actions that was wanted: selection, automatic,
//                          diagnostics
//     === offer [...]      these are offered: name, title, begin, end, choice, disabled, diagnostic
//     === making {...}     the newest action that is being made: name, begin, end, choice
//     === working TEXT     it says what it does
//     === made {...}       it is made: edits, other (a file), markdown, or error
//     === unwanted         it was told to stop
//     === prepared P:N     the model may prepare for offset N of P; none: for nothing
//     === pause            nothing comes for a while; what was prepared before does not count
//     === stopped          the newest request that the model got was told to stop
//     === folders [...]    the workspace was told of these folders last; === files [...]: of these
//     === changed {...}    this document changed last; === closed PATH: was closed last
//     === exit N           the session ended with this code
//     === logged TEXT      a log line contains it
//
// Everything that the server sends must be expected. Long steps may go on in indented lines.
#pragma once

#include <string>

namespace rondo::lsp {

// Reports through GoogleTest, with file and line.
void play_transcript(const std::string& path);

}  // namespace rondo::lsp
