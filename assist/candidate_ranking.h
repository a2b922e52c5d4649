// Which of several texts the model finds likeliest at a place.
//
// Thread: waits for the engine.
#pragma once

#include <string>
#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

// The index of the likeliest of `texts` in place of `bytes` of the scene's text: by the
// log-probability of each with the rest of its line behind it, all in all. One is not asked about.
// REQUIRES: texts is not empty. Errors: Cancelled, those of the engine.
Result<size_t> likeliest(const ActionWork& work, workspace::ByteRange bytes,
                         const std::vector<std::string>& texts);

// The log-probability of each; of `text`, in which something may be done already.
Result<std::vector<float>> log_probabilities(const ActionWork& work, const std::string& text,
                                             workspace::ByteRange bytes,
                                             const std::vector<std::string>& texts);

}  // namespace rondo::assist
