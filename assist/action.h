// Action: a change of the code that an editor offers at a place: what can be asked, what is
// offered, and what comes of it.
//
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assist/loop_step.h"
#include "assist/text_edits.h"
#include "workspace/document_store.h"

namespace rondo::assist {

// What somebody, mostly another language server, says about a place of a document.
struct Diagnostic {
  workspace::ByteRange bytes;
  std::string message;
  std::string source;  // who says it: "Pyright", "ts"; may be empty
  std::string code;    // by which that one names what is wrong; may be empty
};

// What the model can do, and what may be done here.
struct ActionAbilities {
  bool fills_in = false;   // completes a hole
  bool chats = false;      // follows instructions
  bool runs_code = false;  // generated code may run here: a trusted workspace, and a sandbox
};

// The actions at a place are wanted.
struct ActionQuery {
  workspace::DocumentSnapshot document;
  workspace::ByteRange selection;  // of document->text; empty: the cursor
  std::vector<Diagnostic> diagnostics;
  // Asked for at every move of the cursor: only quick fixes of `diagnostics` are wanted.
  bool automatic = false;
};

// One that is offered.
struct Action {
  std::string name;            // of its kind (action_kinds.h)
  std::string title;           // for people
  std::string disabled;        // why it cannot be made, a sentence without its end; empty: it can
  workspace::ByteRange bytes;  // what it is about
  // Which of several at one place: the name that is put there. May be empty.
  std::string choice;
  std::optional<size_t> diagnostic;  // of ActionQuery::diagnostics, that it fixes

  bool operator==(const Action&) const = default;
};

// A change of a file that is not the document.
struct OtherFile {
  std::string path;                   // relative to the workspace folder
  std::optional<std::string> before;  // its text, of which `edits` are; nothing: it is made
  std::vector<TextEdit> edits;
};

// What an action comes to: at least one edit, or something to read.
struct ActionOutcome {
  std::vector<TextEdit> edits;  // of the document, in its order, without conflicts
  std::vector<OtherFile> others;
  std::string markdown;  // to be read, of kinds that answer; there are no edits then
  std::vector<LoopStep> steps;
};

}  // namespace rondo::assist
