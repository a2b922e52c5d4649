#include "cli/product.h"

namespace rondo::cli {

void add_product_commands(CLI::App&, CommandContext) {}
void add_product_benches(CLI::App&, CommandContext) {}

}  // namespace rondo::cli
