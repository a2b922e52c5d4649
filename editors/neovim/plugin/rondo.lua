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
  status = function()
    require('rondo.report').status()
  end,
  why = function()
    require('rondo.report').why()
  end,
}

vim.api.nvim_create_user_command('Rondo', function(command)
  local action = actions[command.args]
  if action then
    action()
  else
    local sentence = "Rondo: '%s' is none of start, stop, status, why, toggle, complete"
    vim.notify(sentence:format(command.args), vim.log.levels.ERROR)
  end
end, {
  nargs = 1,
  desc = 'Rondo: start, stop, status, why, toggle, complete',
  complete = function(lead)
    return vim.tbl_filter(function(name)
      return vim.startswith(name, lead)
    end, { 'start', 'stop', 'status', 'why', 'toggle', 'complete' })
  end,
})
