-- How many suggestions were shown, accepted, and still there a while after that: with setup{ count = true }, kept on
-- this machine, shown by :Rondo counters, sent nowhere.
local options = require('rondo.options')

local M = {}

M.retain_ms = 30000

local namespace = vim.api.nvim_create_namespace('rondo-counters')
local counts -- read from the file when it is needed

local function path()
  return vim.fn.stdpath('data') .. '/rondo-counters.json'
end

local function load()
  if not counts then
    counts = { offered = 0, accepted = 0, retained = 0, characters = 0 }
    if vim.fn.filereadable(path()) == 1 then
      local ok, read = pcall(vim.fn.json_decode, vim.fn.readfile(path()))
      if ok and type(read) == 'table' then
        counts = vim.tbl_extend('force', counts, read)
      end
    end
  end
  return counts
end

local function add(more)
  local sum = load()
  for name, count in pairs(more) do
    sum[name] = sum[name] + count
  end
  vim.fn.mkdir(vim.fn.fnamemodify(path(), ':h'), 'p')
  vim.fn.writefile({ vim.fn.json_encode(sum) }, path())
end

function M.offered()
  if options.current.count then
    add({ offered = 1 })
  end
end

-- `lines` were put at row and column (from 0) of a buffer. Looks again after a while, wherever they have moved to.
function M.accepted(bufnr, row, column, lines)
  if not options.current.count then
    return
  end
  local text = table.concat(lines, '\n')
  add({ accepted = 1, characters = vim.fn.strchars(text) })
  local last = lines[#lines]
  local mark = vim.api.nvim_buf_set_extmark(bufnr, namespace, row, column, {
    end_row = row + #lines - 1,
    end_col = (#lines == 1 and column or 0) + #last,
  })
  vim.defer_fn(function()
    if not vim.api.nvim_buf_is_loaded(bufnr) then
      return
    end
    local at = vim.api.nvim_buf_get_extmark_by_id(bufnr, namespace, mark, { details = true })
    vim.api.nvim_buf_del_extmark(bufnr, namespace, mark)
    local now = #at > 0
      and vim.api.nvim_buf_get_text(bufnr, at[1], at[2], at[3].end_row, at[3].end_col, {})
    if now and table.concat(now, '\n') == text then
      add({ retained = 1 })
    end
  end, M.retain_ms)
end

function M.lines()
  if not options.current.count then
    return { 'Rondo counts nothing: setup{ count = true } switches it on' }
  end
  local sum = load()
  return {
    ('%d suggestions shown, %d accepted (%d characters), %d of these unchanged after %d s'):format(
      sum.offered,
      sum.accepted,
      sum.characters,
      sum.retained,
      M.retain_ms / 1000
    ),
    'This is known on this machine alone: ' .. path(),
  }
end

return M
