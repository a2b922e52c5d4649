-- A suggestion: text that fits at one place of a buffer. Pure functions; rows and columns count from 0, columns in
-- bytes.
--
--     discount = vol|)  # ten        prefix  "discount = vol"    the line before the place
--                    ^                text    "ume(x)"            what is to be there
--                    range of item    covers  ")"                 what it takes the place of, behind the place
--                                     after   "  # ten"           the rest of the line
--
-- It never changes: what is left of it at a cursor is found by comparing it with what the buffer has now. So typing
-- along, deleting again and accepting a part of it are one and the same thing.
local M = {}

-- The byte column of `character` (UTF-16, as servers count), at most the end of `line`.
local function byte_column(line, character)
  local ok, column = pcall(vim.str_byteindex, line, character, true)
  return ok and column or #line
end

function M.new(row, prefix, text, covers, after)
  return { row = row, prefix = prefix, text = text, covers = covers, after = after }
end

-- The suggestion that an InlineCompletionItem is for a cursor at `row` and `column` of `line`; nil when there is
-- nothing to show, or when it would change what stands before the cursor.
function M.from_item(item, row, column, line)
  local text = item.insertText
  if type(text) ~= 'string' then
    return nil -- a snippet
  end
  text = text:gsub('\r\n', '\n')
  local first, last = column, column
  if type(item.range) == 'table' then
    if item.range.start.line ~= row or item.range['end'].line ~= row then
      return nil
    end
    first = byte_column(line, item.range.start.character)
    last = byte_column(line, item.range['end'].character)
  end
  local typed = line:sub(first + 1, column)
  if first > column or last < column or not vim.startswith(text, typed) or #text == #typed then
    return nil
  end
  local covers = line:sub(column + 1, last)
  if text == typed .. covers then
    return nil
  end
  return M.new(row, line:sub(1, column), text:sub(#typed + 1), covers, line:sub(last + 1))
end

-- What is left to insert at a cursor; nil when the buffer has other text than the suggestion or all of it.
-- `before`: the lines from the suggestion's row to the cursor's, the last cut at the cursor; `behind`: the rest of it.
function M.rest(suggestion, before, behind)
  local typed = table.concat(before, '\n')
  local whole = suggestion.prefix .. suggestion.text
  if
    #typed < #suggestion.prefix
    or #typed >= #whole
    or typed ~= whole:sub(1, #typed)
    or behind ~= suggestion.covers .. suggestion.after
  then
    return nil
  end
  return whole:sub(#typed + 1)
end

-- The first word of `rest`, with the blanks before it: a run of letters, digits and _, or of other characters.
function M.word(rest)
  local blanks = rest:match('^%s*')
  local behind = rest:sub(#blanks + 1)
  return blanks .. (behind:match('^[%w_\128-\255]+') or behind:match('^[^%w%s_\128-\255]+') or '')
end

-- `rest` up to its next line end.
function M.line(rest)
  return rest:match('^\n*[^\n]+') or rest
end

-- How to draw `rest` at the cursor: `lines`, each a list of { text, is_ghost }; the first one belongs on the cursor's
-- line: moving what stands there aside (`aside`), or over it.
function M.layout(rest, suggestion, can_move_aside)
  local covers, after = suggestion.covers, suggestion.after
  if can_move_aside and not rest:find('\n', 1, true) and vim.endswith(rest, covers) then
    return { aside = true, lines = { { { rest:sub(1, #rest - #covers), true } } } }
  end
  local lines = vim.tbl_map(function(text)
    return { { text, true } }
  end, vim.split(rest, '\n', { plain = true }))
  if after ~= '' then
    table.insert(lines[#lines], { after, false })
  end
  return { aside = false, lines = lines }
end

return M
