-- Suggestions in the text: when to ask, what to do with an answer, what is shown. There is one cursor in insert mode,
-- so there is at most one question on its way and one list of suggestions.
local ghost = require('rondo.ghost')
local keymaps = require('rondo.keymaps')
local options = require('rondo.options')
local server = require('rondo.server')
local suggestions = require('rondo.suggestion')

local uv = vim.uv or vim.loop

local M = {}

local asked -- the question on its way
local shown -- { bufnr, list, index, invoked }: list[index] is drawn
local taken -- { bufnr, row, column, text, covers }: about to be inserted
local due -- changes when what question_timer was started for is no longer wanted
local question_timer = uv.new_timer()
local cursor_timer = uv.new_timer()

-- Why nothing is asked or shown just now, apart from what the server says; nil: no reason.
function M.obstacle(bufnr)
  local _, sentence = require('rondo').may_complete(bufnr)
  return sentence or select(2, server.client(bufnr))
end

local function place()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local bufnr = vim.api.nvim_get_current_buf()
  return {
    bufnr = bufnr,
    tick = vim.api.nvim_buf_get_changedtick(bufnr),
    row = cursor[1] - 1,
    column = cursor[2],
  }
end

local function is_inserting()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i' and vim.fn.pumvisible() == 0
end

-- ---- what is shown ------------------------------------------------------------------------------------------------

-- What is left of `suggestion` at the cursor, or nil.
local function rest_of(suggestion, at)
  if at.row < suggestion.row then
    return nil
  end
  local before = vim.api.nvim_buf_get_lines(at.bufnr, suggestion.row, at.row + 1, false)
  local line = before[#before]
  before[#before] = line:sub(1, at.column)
  return suggestions.rest(suggestion, before, line:sub(at.column + 1))
end

-- The suggestion that is shown, what is left of it, and where; nil when nothing is.
local function current()
  if not shown or not is_inserting() then
    return nil
  end
  local at = place()
  local suggestion = shown.list[shown.index]
  local rest = at.bufnr == shown.bufnr and rest_of(suggestion, at)
  if rest then
    return suggestion, rest, at
  end
end

function M.is_shown()
  return current() ~= nil
end

-- "2/3" while one of several is shown, else nil.
function M.position()
  return shown and #shown.list > 1 and ('%d/%d'):format(shown.index, #shown.list) or nil
end

function M.is_waiting()
  return asked ~= nil
end

-- Draws what fits the text as it is now; hides the rest. Returns whether something is shown.
local function refresh()
  local suggestion, rest, at = current()
  if suggestion then
    ghost.draw(rest, suggestion, at.row, at.column)
    return true
  end
  shown = nil
  ghost.clear()
  return false
end

-- Nothing is shown and nothing will come.
function M.hide()
  due = nil
  if asked then
    local client = vim.lsp.get_client_by_id(asked.client_id)
    if client and asked.id then
      server.call(client, 'cancel_request', asked.id)
    end
    asked = nil
  end
  shown = nil
  ghost.clear()
end

-- ---- questions and answers ----------------------------------------------------------------------------------------

-- What was typed or moved since the question makes its answer worthless.
local function is_stale(question)
  local now = place()
  return not is_inserting()
    or now.bufnr ~= question.bufnr
    or now.tick ~= question.tick
    or now.row ~= question.row
    or now.column ~= question.column
end

local function items_of(result)
  return type(result) == 'table' and (result.items or result) or {}
end

-- Shows the answer to `question`, a place() with `invoked` (asked for, not typed) and perhaps `step` (keep the
-- suggestion that is shown, and go on by so many). Null means "no longer wanted" and leaves what is shown.
function M.answer(question, err, result)
  if asked == question then
    asked = nil
  end
  if err or type(result) ~= 'table' or is_stale(question) then
    return
  end
  local line = vim.api.nvim_buf_get_lines(question.bufnr, question.row, question.row + 1, true)[1]
  local list, seen = {}, {}
  local function add(suggestion)
    local key = suggestion and suggestion.covers .. '\n' .. suggestion.text
    if suggestion and not seen[key] then
      seen[key] = true
      table.insert(list, suggestion)
    end
  end
  local suggestion, rest = current()
  if suggestion and question.step then
    add(suggestions.new(question.row, line:sub(1, question.column), rest, suggestion.covers, suggestion.after))
  end
  for _, item in ipairs(items_of(result)) do
    add(suggestions.from_item(item, question.row, question.column, line))
  end
  if #list == 0 and question.invoked then
    vim.notify('Rondo has nothing to suggest here. `:Rondo why` tells the reason', vim.log.levels.INFO)
  end
  shown = #list > 0 and {
    bufnr = question.bufnr,
    list = list,
    index = (question.step or 0) % #list + 1,
    invoked = question.invoked,
  } or nil
  if refresh() then
    require('rondo.counters').offered()
  end
end

-- Asks at the cursor, now. `how`: { invoked, step } as for answer(). Returns whether there is somebody to ask.
function M.ask(how)
  due = nil
  local bufnr = vim.api.nvim_get_current_buf()
  if not is_inserting() or M.obstacle(bufnr) then
    return false
  end
  if not how.step then
    M.hide()
  end
  local client = server.client(bufnr)
  local question = vim.tbl_extend('force', place(), how, { client_id = client.id })
  local params = vim.lsp.util.make_position_params(0, 'utf-16')
  params.context = { triggerKind = how.invoked and 1 or 2 }
  asked = question
  local sent, id = server.call(client, 'request', 'textDocument/inlineCompletion', params, function(err, result)
    M.answer(question, err, result)
  end, bufnr)
  question.id = id
  if not sent then
    asked = nil
  end
  return sent
end

local function ask_soon()
  if not options.current.auto then
    return
  end
  local this = {}
  due = this
  question_timer:start(
    options.current.debounce_ms,
    0,
    vim.schedule_wrap(function()
      if due == this then
        M.ask({ invoked = false })
      end
    end)
  )
end

-- Tells the server where the cursor came to rest, so that it can prepare.
local function tell_cursor_soon()
  cursor_timer:start(
    200,
    0,
    vim.schedule_wrap(function()
      local bufnr = vim.api.nvim_get_current_buf()
      local client = not M.obstacle(bufnr) and server.client(bufnr)
      if client then
        server.call(client, 'notify', 'rondo/cursor', vim.lsp.util.make_position_params(0, 'utf-16'))
      end
    end)
  )
end

-- ---- keys ---------------------------------------------------------------------------------------------------------

-- Inserts what is shown: 'all', its next 'word' or its next 'line'. Returns whether something was shown.
function M.accept(how)
  local suggestion, rest, at = current()
  if not suggestion then
    return false
  end
  local text = how == 'word' and suggestions.word(rest) or how == 'line' and suggestions.line(rest) or rest
  taken = {
    bufnr = at.bufnr,
    row = at.row,
    column = at.column,
    text = text,
    covers = text == rest and suggestion.covers or '',
  }
  -- <C-g>u: undone by one `u`, apart from what was typed before and is typed after.
  keymaps.type([[<C-g>u<Cmd>lua require('rondo.inline').insert()<CR><C-g>u]])
  return true
end

-- The second half of accept().
function M.insert()
  local at, piece = place(), taken
  taken = nil
  if not piece or at.bufnr ~= piece.bufnr or at.row ~= piece.row or at.column ~= piece.column then
    return
  end
  local lines = vim.split(piece.text, '\n', { plain = true })
  vim.api.nvim_buf_set_text(at.bufnr, at.row, at.column, at.row, at.column + #piece.covers, lines)
  require('rondo.counters').accepted(at.bufnr, at.row, at.column, lines)
  local begin = #lines == 1 and at.column or 0
  vim.api.nvim_win_set_cursor(0, { at.row + #lines, begin + #lines[#lines] })
  refresh()
end

-- Shows the suggestion `step` further; asks for more when there is only what came by itself.
function M.cycle(step)
  if not current() then
    return false
  end
  if asked and asked.step then
    asked.step = asked.step + step
    return true
  elseif not shown.invoked then
    return M.ask({ invoked = true, step = step })
  end
  local at = place()
  for n = 1, #shown.list do
    local index = (shown.index - 1 + n * step) % #shown.list + 1
    if rest_of(shown.list[index], at) then
      shown.index = index
      break
    end
  end
  return refresh()
end

function M.dismiss()
  local was_shown = M.is_shown()
  M.hide()
  return was_shown
end

-- Asks for several suggestions; from normal mode, where insert mode begins: behind the last character of a line,
-- before any other.
function M.complete()
  if vim.api.nvim_get_mode().mode:sub(1, 1) == 'i' then
    local sentence = M.obstacle(vim.api.nvim_get_current_buf())
    if sentence then
      vim.notify('Rondo: ' .. sentence, vim.log.levels.INFO)
    end
    return M.ask({ invoked = true })
  end
  vim.api.nvim_create_autocmd('InsertEnter', {
    once = true,
    callback = vim.schedule_wrap(M.complete),
  })
  vim.cmd(vim.fn.col('.') >= vim.fn.col('$') - 1 and 'startinsert!' or 'startinsert')
  return true
end

-- ---- events -------------------------------------------------------------------------------------------------------

local function text_changed()
  if refresh() then
    due = nil
  else
    M.hide()
    ask_soon()
  end
end

local function cursor_moved()
  if shown then
    refresh()
  elseif asked and is_stale(asked) then
    M.hide()
  end
  tell_cursor_soon()
end

-- What was typed before there was somebody to ask.
function M.attached(bufnr)
  if bufnr == vim.api.nvim_get_current_buf() and is_inserting() then
    ask_soon()
  end
end

-- :Rondo toggle needs nothing more than obstacle() says.
function M.switch(_) end

function M.start(group)
  local function on(events, callback, pattern)
    vim.api.nvim_create_autocmd(events, {
      group = group,
      pattern = pattern or '*',
      callback = function()
        callback()
      end,
    })
  end
  on('TextChangedI', text_changed)
  on('InsertEnter', ask_soon)
  on('CursorMovedI', cursor_moved)
  on('CursorMoved', function()
    refresh() -- <C-c> ends insert mode without a word
    tell_cursor_soon()
  end)
  on('CompleteChanged', M.hide)
  on('CompleteDone', ask_soon)
  on('ModeChanged', M.hide, 'i*:[^i]*')
  on({ 'BufLeave', 'VimLeavePre' }, M.hide)
end

return M
