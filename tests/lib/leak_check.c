/*
 * Makes a leak fail the Criterion test that leaked.
 *
 * LeakSanitizer looks when a process ends, and Criterion 2.4.1 doesn't look at how a test's process ended once
 * the test has told its result. It doesn't count an assertion that fails in .fini either. So here the body of a
 * test is followed, while a failure still counts, by its .fini and the suite's, and then by a search for leaks.
 *
 * The linker puts this in the place of Criterion's function (--wrap, see tests/meson.build). When an assertion
 * ends the body early, Criterion runs what is left of the .fini as usual, and leaks aren't looked for: the test
 * has failed already.
 */
#include <criterion/criterion.h>
#include <sanitizer/lsan_interface.h>
#include <stddef.h>
#include <string.h>

void __real_criterion_internal_test_main(void (*fn)(void));
void __wrap_criterion_internal_test_main(void (*fn)(void));

static void (*body)(void);

/*
 * Runs a .fini, and leaves nothing for Criterion to run again. Criterion hands its data to the test's process
 * without regard to alignment, hence bytes.
 */
static void run_once(struct criterion_test_extra_data *data)
{
    void (*const none)(void) = NULL;
    void (*fini)(void);
    char *field;

    if (!data)
        return;
    field = (char *)data + offsetof(struct criterion_test_extra_data, fini);
    memcpy(&fini, field, sizeof fini);
    memcpy(field, &none, sizeof none);
    if (fini)
        fini();
}

static void body_fini_and_leak_check(void)
{
    body();
    run_once(criterion_current_test->data);
    run_once(criterion_current_suite->data);
    cr_assert(!__lsan_do_recoverable_leak_check(), "LeakSanitizer found a leak (its report is on stderr)");
}

void __wrap_criterion_internal_test_main(void (*fn)(void))
{
    body = fn;
    __real_criterion_internal_test_main(body_fini_and_leak_check);
}
