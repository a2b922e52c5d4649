-- Keys of insert mode. A key that has nothing to do does what it did before setup().
local M = {}

local before = {} -- by key: the mapping that it had before ours; {}: none

local function feed(keys, flags)
  -- 'i': before whatever has been typed since.
  vim.api.nvim_feedkeys(keys, flags .. 'i', false)
end

local function keycodes(text)
  return vim.api.nvim_replace_termcodes(text, true, true, true)
end

-- The mapping of `key`. (maparg() of 0.7 has no Lua functions.)
local function mapping_of(key)
  for _, mapping in ipairs(vim.api.nvim_get_keymap('i')) do
    if keycodes(mapping.lhs) == keycodes(key) then
      return mapping
    end
  end
  return {}
end

-- Does what the mapping `old` did for `key`.
local function fall_through(key, old)
  if vim.tbl_isempty(old) then
    -- As typed: <M-x> without a mapping is <Esc>x. <C-]>: what is fed expands no abbreviation otherwise.
    return feed(keycodes('<C-]>' .. key), 'nt')
  end
  local flags = old.noremap == 1 and 'n' or 'm'
  local result
  if old.callback then
    result = old.callback()
    if old.expr == 1 and old.replace_keycodes == 1 and type(result) == 'string' then
      result = keycodes(result)
    end
  else
    local rhs = old.rhs:gsub('<[sS][iI][dD]>', ('<SNR>%d_'):format(old.sid))
    result = old.expr == 1 and vim.api.nvim_eval(rhs) or keycodes(rhs)
  end
  if (old.expr == 1 or not old.callback) and type(result) == 'string' then
    feed(result, flags)
  end
end

-- Maps `key` to `action`, which returns whether there was something to do.
function M.set(key, action, description)
  if not before[key] then
    before[key] = mapping_of(key)
  end
  vim.keymap.set('i', key, function()
    if not action() then
      fall_through(key, before[key])
    end
  end, { desc = 'Rondo: ' .. description, silent = true })
end

-- Maps `key` of visual mode to `action`; nothing else is tried there.
function M.set_visual(key, action, description)
  vim.keymap.set('x', key, action, { desc = 'Rondo: ' .. description, silent = true })
end

-- Types `keys` as they are, before whatever has been typed since.
function M.type(keys)
  feed(keycodes(keys), 'n')
end

return M
