# Recursion, hashes, sorting, matching, for ever.
$| = 1;
print "running\n";
sub fib { my $number = shift; $number < 2 ? $number : fib($number - 1) + fib($number - 2) }
while (1) {
    fib(10);
    my %words;
    $words{$_} = sprintf("%d", $_ * 3) for 1 .. 1000;
    my @sorted = sort { $a <=> $b } values %words;
    "aaabbb" x 50 =~ /(a+)(b+)c/;
}
