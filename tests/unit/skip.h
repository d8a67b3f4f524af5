/* A test that this machine does not permit is skipped and says what it would need. That ctest tells so of the program,
 * and CI takes it for a failure, is in tests/CMakeLists.txt. To be included behind cmocka.h. */
#pragma once

#define SKIP(reason)                                                                                                   \
    do {                                                                                                               \
        print_message("skipped: %s\n", reason);                                                                        \
        skip();                                                                                                        \
    } while (0)
