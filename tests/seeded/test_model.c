/*
 * Random programs of a few clients on a few actors, each held against the
 * model (model.h).
 */
#include "seeded/program.h"
#include "seeded/seeds.h"

SEEDED_TEST(model, whatever_several_clients_do_to_a_few_actors_keeps_the_contract, 10000, NULL)
{
    scenario_run(program_make(false));
}

SEEDED_TEST(model, whatever_they_do_with_links_too_keeps_the_contract, 10000, NULL)
{
    scenario_run(program_make(true));
}
