-- Draws a suggestion where it would be inserted. At most one is drawn, in one buffer.
local suggestions = require('rondo.suggestion')

local M = {}

local namespace = vim.api.nvim_create_namespace('rondo')
local group = 'RondoSuggestion'
-- Since 0.10 virtual text can move the rest of the line aside; before, it lies over it.
local can_move_aside = vim.fn.has('nvim-0.10') == 1
local drawn_in -- the buffer

function M.set_highlight(link)
  vim.cmd(('highlight default link %s %s'):format(group, link))
end

-- `text` as cells from screen column `column` on: tabs as blanks, other control characters by name.
local function cells(text, column)
  local out = {}
  for part, tab in text:gmatch('([^\t]*)(\t?)') do
    part = vim.fn.strtrans(part)
    column = column + vim.fn.strdisplaywidth(part, column)
    table.insert(out, part)
    if tab ~= '' then
      local width = vim.fn.strdisplaywidth('\t', column)
      column = column + width
      table.insert(out, (' '):rep(width))
    end
  end
  return table.concat(out), column
end

-- The chunks of virtual text for `line` of a layout, from screen column `column` on, and the column behind it.
local function chunks(line, column)
  local out = {}
  for _, part in ipairs(line) do
    local text
    text, column = cells(part[1], column)
    table.insert(out, { text, part[2] and group or 'Normal' })
  end
  return out, column
end

-- Draws `rest`, which is left of `suggestion` at the cursor of the current window.
function M.draw(rest, suggestion, row, column)
  local layout = suggestions.layout(rest, suggestion, can_move_aside)
  local line = vim.api.nvim_buf_get_lines(0, row, row + 1, true)[1]
  local begin = vim.fn.strdisplaywidth(line:sub(1, column))
  local first, finish = chunks(layout.lines[1], begin)
  if not layout.aside then
    local uncovered = vim.fn.strdisplaywidth(line) - finish
    table.insert(first, { (' '):rep(uncovered), 'Normal' })
  end
  local below = {}
  for i = 2, #layout.lines do
    table.insert(below, (chunks(layout.lines[i], 0)))
  end
  M.clear()
  drawn_in = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_set_extmark(drawn_in, namespace, row, column, {
    id = 1,
    virt_text = first,
    virt_text_pos = layout.aside and 'inline' or 'overlay',
    virt_lines = #below > 0 and below or nil,
    hl_mode = 'combine',
  })
end

function M.clear()
  if drawn_in and vim.api.nvim_buf_is_valid(drawn_in) then
    vim.api.nvim_buf_clear_namespace(drawn_in, namespace, 0, -1)
  end
  drawn_in = nil
end

return M
