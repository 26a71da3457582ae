/*
 * Lists and modes: written as text, `u::rw- u:7:r-- g::r-- m::r-- o::---`, in the order in which Linux wants them.
 */
#include "bucket/acl.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ENTRIES_MAX 16

struct list {
    size_t length;
    struct {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[ENTRIES_MAX];
    } bytes;
};

static uint16_t tag_of(char letter, bool named)
{
    switch (letter) {
    case 'u':
        return named ? ACL_USER : ACL_USER_OBJ;
    case 'g':
        return named ? ACL_GROUP : ACL_GROUP_OBJ;
    case 'm':
        return ACL_MASK;
    case 'o':
        return ACL_OTHER;
    default:
        return 0;
    }
}

static uint16_t permissions_of(const char *text)
{
    return (uint16_t)((text[0] == 'r' ? ACL_READ : 0) | (text[1] == 'w' ? ACL_WRITE : 0) |
                      (text[2] == 'x' ? ACL_EXECUTE : 0));
}

static struct list list_of(const char *text)
{
    struct list list = {.bytes.header.a_version = htole32(POSIX_ACL_XATTR_VERSION)};
    size_t count = 0;

    while (*text) {
        const char *name = strchr(text, ':') + 1;
        const char *permissions = strchr(name, ':') + 1;

        list.bytes.entries[count++] = (struct posix_acl_xattr_entry){
            .e_tag = htole16(tag_of(*text, *name != ':')),
            .e_perm = htole16(permissions_of(permissions)),
            .e_id = htole32(*name == ':' ? (uint32_t)ACL_UNDEFINED_ID : (uint32_t)atoi(name)),
        };
        text = permissions + 3;
        text += strspn(text, " ");
    }
    list.length = sizeof(list.bytes.header) + count * sizeof(list.bytes.entries[0]);
    return list;
}

static bool is_list(const struct list *list, const char *text)
{
    struct list expected = list_of(text);

    return list->length == expected.length && memcmp(&list->bytes, &expected.bytes, expected.length) == 0;
}

#define NAMED "u::rw- u:7:rwx g::r-x g:8:-w- m::rw- o::r--"

Test(acl, a_list_is_valid_if_it_has_what_every_list_has_once)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"u::rw- g::r-- o::---", true},
        {"u::rw- g::r-- m::r-- o::---", true},
        {NAMED, true},
        {"u::rw- u:7:rwx u:8:r-- g::r-x g:8:-w- g:9:--- m::--- o::r--", true},
        {"u::--- g::--- o::---", true},
        {"", false},
        {"u::rw-", false},
        {"g::r-- o::---", false},
        {"u::rw- o::---", false},
        {"u::rw- g::r--", false},
        {"u::rw- u::rw- g::r-- o::---", false},
        {"u::rw- g::r-- g::r-- o::---", false},
        {"u::rw- g::r-- o::--- o::---", false},
        {"u::rw- g::r-- m::r-- m::r-- o::---", false},
        {"u::rw- u:7:r-- g::r-- o::---", false},
        {"u::rw- g::r-- g:7:r-- o::---", false},
        {"?::rw- u::rw- g::r-- o::---", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct list list = list_of(rows[i].text);

        cr_expect_eq(acl_is_valid(&list.bytes, list.length), rows[i].valid, "%s", rows[i].text);
    }
}

Test(acl, bytes_of_another_kind_are_no_list)
{
    struct list list = list_of(NAMED);

    for (size_t length = 0; length < list.length; length++)
        cr_expect_not(acl_is_valid(&list.bytes, length), "%zu", length);
    list.bytes.header.a_version = htole32(POSIX_ACL_XATTR_VERSION + 1);
    cr_expect_not(acl_is_valid(&list.bytes, list.length));
    list = list_of(NAMED);
    list.bytes.entries[0].e_perm = htole16(8);
    cr_expect_not(acl_is_valid(&list.bytes, list.length));
    list = list_of(NAMED);
    list.bytes.entries[1].e_tag = htole16(ACL_USER | ACL_GROUP);
    cr_expect_not(acl_is_valid(&list.bytes, list.length));
    list.bytes.entries[1].e_tag = htole16(0x40);
    cr_expect_not(acl_is_valid(&list.bytes, list.length));
}

Test(acl, a_list_shows_as_a_mode_whose_group_is_the_mask)
{
    static const struct {
        const char *text;
        mode_t mode;
        bool minimal;
    } rows[] = {
        {"u::rw- g::r-- o::---", 0640, true},
        {"u::rwx g::rwx o::rwx", 0777, true},
        {"u::--- g::--- o::---", 0, true},
        {"u::rw- g::r-- m::r-- o::---", 0640, false},
        {"u::rw- g::rw- m::r-- o::---", 0640, false},
        {NAMED, 0664, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct list list = list_of(rows[i].text);

        cr_expect_eq(acl_mode(&list.bytes, list.length), rows[i].mode, "%s", rows[i].text);
        cr_expect_eq(acl_is_minimal(list.length), rows[i].minimal, "%s", rows[i].text);
    }
}

Test(acl, a_changed_mode_changes_the_mask_and_what_is_named_stays)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *after;
    } rows[] = {
        {NAMED, 0750, "u::rwx u:7:rwx g::r-x g:8:-w- m::r-x o::---"},
        {NAMED, 04007, "u::--- u:7:rwx g::r-x g:8:-w- m::--- o::rwx"},
        {"u::rw- g::r-- o::---", 0751, "u::rwx g::r-x o::--x"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct list list = list_of(rows[i].text);

        acl_change_mode(&list.bytes, list.length, rows[i].mode);
        cr_expect(is_list(&list, rows[i].after), "%s with %o", rows[i].text, rows[i].mode);
        cr_expect_eq(acl_mode(&list.bytes, list.length), rows[i].mode & 0777);
    }
}

Test(acl, what_is_made_may_do_what_both_its_mode_and_the_default_list_allow)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *after;
        mode_t mode_after;
    } rows[] = {
        {NAMED, S_IFREG | 0666, "u::rw- u:7:rwx g::r-x g:8:-w- m::rw- o::r--", S_IFREG | 0664},
        {NAMED, S_IFREG | 0600, "u::rw- u:7:rwx g::r-x g:8:-w- m::--- o::---", S_IFREG | 0600},
        {NAMED, S_IFDIR | 02777, "u::rw- u:7:rwx g::r-x g:8:-w- m::rw- o::r--", S_IFDIR | 02664},
        {"u::rwx g::r-x o::---", S_IFREG | 0666, "u::rw- g::r-- o::---", S_IFREG | 0640},
        {"u::rwx g::r-x m::rwx o::---", S_IFREG | 0640, "u::rw- g::r-x m::r-- o::---", S_IFREG | 0640},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct list list = list_of(rows[i].text);
        mode_t mode = acl_create(&list.bytes, list.length, rows[i].mode);

        cr_expect_eq(mode, rows[i].mode_after, "%s: %o", rows[i].text, mode);
        cr_expect(is_list(&list, rows[i].after), "%s with %o", rows[i].text, rows[i].mode);
    }
}
