/* The addresses that go with listeners: those of the namespace they were read in. */
#include "netns.h"
#include "portconform/listeners.h"

static int list_addresses(void *context)
{
    return address_list_local(context);
}

int listeners_addresses(const char *netns, struct address **ret)
{
    return netns != NULL ? netns_run(netns, list_addresses, ret) : list_addresses(ret);
}
