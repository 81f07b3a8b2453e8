#include "client/access_flags.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/commands.h"
#include "client/connection_flags.h"

namespace tomoslab {
namespace {

const std::map<std::string, v1::Role> kRoles = {{"viewer", v1::ROLE_VIEWER},
                                                {"operator", v1::ROLE_OPERATOR},
                                                {"admin", v1::ROLE_ADMIN},
                                                {"pool", v1::ROLE_POOL}};

void AddTokenCreate(CLI::App& token, Action& action) {
  auto options = std::make_shared<NewTokenOptions>();
  CLI::App* command = token.add_subcommand("create", "Make a token; its secret is shown this once");
  command->footer(
      "Example: tomoslab token create --user alice --role operator --group beamline --days 90 -o "
      "alice.token");
  command
      ->add_option_function<std::string>(
          "--user", [options](const std::string& user) { options->token.set_user(user); },
          "Whose it is")
      ->required();
  command
      ->add_option_function<v1::Role>(
          "--role", [options](const v1::Role& role) { options->token.set_role(role); },
          "viewer, operator, admin or pool")
      ->required()
      ->transform(CLI::CheckedTransformer(kRoles, CLI::ignore_case).description(""))
      ->type_name("ROLE");
  command->add_option_function<std::vector<std::string>>(
      "--group",
      [options](const std::vector<std::string>& groups) {
        options->token.mutable_group()->Assign(groups.begin(), groups.end());
      },
      "Who shares its user's scans and jobs, and whose are shared with him; may be given again");
  command->add_option_function<std::string>(
      "--pool", [options](const std::string& pool) { options->token.set_pool(pool); },
      "Of role pool: the only name it may attach under");
  command->add_option_function<std::string>(
      "--comment", [options](const std::string& comment) { options->token.set_comment(comment); },
      "For people");
  command->add_option("--days", options->days, "Expires after so many days (default: never)")
      ->check(CLI::Range(0.0, 36'500.0).description(""));
  command
      ->add_option("-o,--output", options->output,
                   "File for the secret, which only you can read (default: it is printed)")
      ->type_name("FILE");
  AddConnectionFlags(*command, options->server);
  command->callback([=, &action] { action = [=] { return RunTokenCreate(*options); }; });
}

void AddToken(CLI::App& app, Action& action) {
  CLI::App* token = app.add_subcommand("token", "Make, revoke and list tokens (admins)");
  token->require_subcommand(1);
  AddTokenCreate(*token, action);
  auto revoke = std::make_shared<TokenOptions>();
  CLI::App* command = token->add_subcommand("revoke", "Refuse a token from now on");
  command->add_option("token", revoke->name, "tokens/ID")->required();
  AddConnectionFlags(*command, revoke->server);
  command->callback([=, &action] { action = [=] { return RunTokenRevoke(*revoke); }; });
  auto list = std::make_shared<TokenOptions>();
  command = token->add_subcommand("list", "List tokens, newest first; secrets are not kept");
  command->add_flag("--json", list->json, "One token per line, as JSON");
  AddConnectionFlags(*command, list->server);
  command->callback([=, &action] { action = [=] { return RunTokenList(*list); }; });
}

void AddWhoAmI(CLI::App& app, Action& action) {
  auto options = std::make_shared<TokenOptions>();
  CLI::App* command = app.add_subcommand("whoami", "Say what the server takes you for");
  command->add_flag("--json", options->json, "As JSON");
  AddConnectionFlags(*command, options->server);
  command->callback([=, &action] { action = [=] { return RunWhoAmI(*options); }; });
}

void AddShare(CLI::App& app, Action& action) {
  auto options = std::make_shared<ShareOptions>();
  CLI::App* command = app.add_subcommand("share", "Say which groups share a scan or a job");
  command->footer("Example: tomoslab share scans/3 --group beamline    (without --group: nobody)");
  command->add_option("name", options->name, "scans/ID or jobs/ID")->required();
  command->add_option("--group", options->groups, "A group; may be given again");
  AddConnectionFlags(*command, options->server);
  command->callback([=, &action] { action = [=] { return RunShare(*options); }; });
}

void AddKeep(CLI::App& app, Action& action) {
  auto options = std::make_shared<ShareOptions>();
  CLI::App* command =
      app.add_subcommand("keep", "Never delete a scan or a job by its age or for want of space");
  command->add_option("name", options->name, "scans/ID or jobs/ID")->required();
  command->add_flag("!--no,--yes{true}", options->keep, "--no: as other scans and jobs again");
  AddConnectionFlags(*command, options->server);
  command->callback([=, &action] { action = [=] { return RunKeep(*options); }; });
}

}  // namespace

void AddAccessCommands(CLI::App& app, Action& action) {
  AddShare(app, action);
  AddKeep(app, action);
  AddToken(app, action);
  AddWhoAmI(app, action);
}

}  // namespace tomoslab
