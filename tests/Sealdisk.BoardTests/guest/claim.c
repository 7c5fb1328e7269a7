/* claim DEVICE: has a block device for itself until it is killed, as fsck and mdadm have it for a while. Says so when it has. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 2 || open(argv[1], O_RDONLY | O_EXCL) < 0) {
        perror("claim");
        return 1;
    }
    puts("claimed");
    fflush(stdout);
    for (;;)
        pause();
}
