-- The command :Rondo. Everything else waits for require('rondo').setup().
if vim.g.loaded_rondo then
  return
end
vim.g.loaded_rondo = true

local actions = {
  start = function()
    require('rondo').start()
  end,
  stop = function()
    require('rondo').stop()
  end,
  toggle = function()
    require('rondo').toggle()
  end,
  complete = function()
    require('rondo').complete()
  end,
  complete_selection = function()
    require('rondo').complete_selection()
  end,
  actions = function(_, command)
    require('rondo').actions(command.range > 0 and require('rondo.actions').selected() or nil)
  end,
  module = function(folder)
    require('rondo').module(folder)
  end,
  undo = function()
    require('rondo.module').undo()
  end,
  cancel = function()
    require('rondo.requests').cancel()
  end,
  status = function()
    require('rondo.report').status()
  end,
  why = function()
    require('rondo.report').why()
  end,
  counters = function()
    require('rondo.report').counters()
  end,
}

local names = vim.tbl_keys(actions)
table.sort(names)

vim.api.nvim_create_user_command('Rondo', function(command)
  local name, argument = command.args:match('^(%S*)%s*(.-)%s*$')
  if actions[name] then
    actions[name](argument, command)
  else
    local sentence = "Rondo: '%s' is none of %s"
    vim.notify(sentence:format(command.args, table.concat(names, ', ')), vim.log.levels.ERROR)
  end
end, {
  nargs = '+',
  range = true,
  desc = 'Rondo: ' .. table.concat(names, ', '),
  complete = function(lead, line)
    if line:match('^%S*Rondo%s+module%s') then
      return vim.fn.getcompletion(lead, 'dir')
    end
    return vim.tbl_filter(function(name)
      return vim.startswith(name, lead)
    end, names)
  end,
})
